"""Why a preview does not come up or does not go away: codes, rules and what they find."""
