"""Ways to the portal: drivers that fill in `node.ports.Link`."""
