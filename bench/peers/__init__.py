"""How others take measurements in, to stand beside the portal in the same run. Never part of the product."""
