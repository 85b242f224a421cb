"""What the product is called here, its colours and its images."""
