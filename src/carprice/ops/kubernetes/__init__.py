"""The stack on Kubernetes: what `kubectl` is asked, a rollout, its way back."""
