"""The four phases of an initiative and when it entered each."""
