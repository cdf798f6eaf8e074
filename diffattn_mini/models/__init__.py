"""What is built of attention, and what stood there before it: recurrent networks, Transformers, generation."""
