"""Push subscriptions and the policy of notifications."""
