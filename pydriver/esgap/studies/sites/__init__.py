"""Interstitial sites, and distributions of the mobile ions on crystal and interstitial sites."""
