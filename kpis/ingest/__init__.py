"""From bytes to stored points: decode, check, accept. Leaves rejections that say why."""
