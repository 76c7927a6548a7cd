"""Who people are, by whom they sign in, and the tokens that say so."""
