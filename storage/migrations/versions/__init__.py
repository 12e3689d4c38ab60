"""One module for each revision: `revision`, `down_revision`, `upgrade()`."""
