"""Docker: its commands, containers, images and builds."""
