"""What the claims of speed and accuracy are measured with; see README.md."""
