"""What the API answers, as types: its description is made of them, and the tests hold each answer to it.

Answers are plain dictionaries, so that a page costs no second look at what is known to be right.
"""
