"""Web Push: notifications to apps that are not open, through the push services they chose."""
