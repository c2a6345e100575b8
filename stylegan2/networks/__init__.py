"""StyleGAN2 itself: mapping, synthesis and discriminator, as NVIDIA published them.

Karras et al., "Analyzing and improving the image quality of StyleGAN", arXiv 1912.04958, and "Training
generative adversarial networks with limited data", arXiv 2006.06676. Weights keep the scale in which they
are published; the gains of the equalised learning rate are applied when the network runs.
"""
