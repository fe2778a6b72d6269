"""Jobs: requests whose work goes on after the response."""
