"""The sample company Musterwerk Pumps (made up, marked so) and the one real feed."""
