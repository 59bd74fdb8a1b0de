"""`make demo`: the main job from start to rest, on this machine alone, with invented people and real titles."""
