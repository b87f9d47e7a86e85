"""The rules of triage, nonconformities and actions: plain values, time as an argument, a refusal or what happened."""
