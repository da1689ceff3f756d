"""Rewrites a SAM or CloudFormation template for a live dev stage."""
