"""What a Client and the Admin say to each other: batches, marks, comparisons, what a restored side gets back."""
