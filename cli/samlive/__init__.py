"""samlive: Live Lambda for the SAM and CloudFormation projects you already have."""

__version__ = "0.1.0"
