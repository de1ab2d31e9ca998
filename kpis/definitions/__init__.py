"""What is measured, for whom, in which organisation. Read by every room above; reads the ground below it."""
