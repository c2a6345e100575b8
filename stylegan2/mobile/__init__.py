"""MobileStyleGAN: the default generator, a small distillate of StyleGAN2 that runs on a CPU."""
