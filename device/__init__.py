"""Getting acceleration off a wrist: profiles, links, captures, recorded files, a simulated band."""
