"""Who speaks when: embeddings of voices, and their clusters. It is imported when somebody asks for speakers."""
