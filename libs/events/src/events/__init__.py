"""The published language of Redress, and its delivery."""
