"""The rules of deadlines, ladders, notices and deliveries; they touch nothing outside."""
