"""What every domain and every use case may know; standard library only."""
