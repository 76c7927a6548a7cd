"""An AWS account as it is, read for comparison with what is rendered for it. Nothing here writes."""
