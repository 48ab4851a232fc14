"""The kinds of study, one folder each: study (what is asked), deck (jobs), analyse (results), report (figures)."""
