"""From any picture of a digit to what a network makes of it, and why: what read_digit.py stands on."""
