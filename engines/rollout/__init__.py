"""Rollout: a policy learns to mate by GRPO.

Read in this order: `positions` (what is asked), `encoding` (what the policy is told), `policy` (the
network), `verifier` (who pays), `grpo` (how it learns), `record` (what is kept).
"""
