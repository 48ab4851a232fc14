"""From labelled configurations to potentials: baseline, fit, model card."""
