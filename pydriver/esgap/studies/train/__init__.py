"""From reference calculations to models: generations of fit, sampling, choice and labels."""
