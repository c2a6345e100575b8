"""What the user's own answers teach: sliders from labelled faces, scorers from compared ones."""
