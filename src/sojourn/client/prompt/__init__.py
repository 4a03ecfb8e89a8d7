"""How a person is asked: the system browser and the terminal. Dialects stand above it; it knows no
protocol."""
