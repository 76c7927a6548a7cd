"""Messages about previews in the pull requests of the code: a comment, a deployment, a check run or a commit status."""
