"""What people are told of a preview where they work: the message as a value, when it is edited, and who is alerted."""
