"""Migration barriers by the nudged elastic band, also in a uniform electric field."""
