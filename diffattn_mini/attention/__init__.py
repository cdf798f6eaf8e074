"""The subject: from the softmax to differential attention and its relatives. Each file is one idea."""
