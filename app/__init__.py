"""The Streamlit and Gradio apps: what the pages share."""
