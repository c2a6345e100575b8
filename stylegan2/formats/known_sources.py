"""Digests of the definitions in NVIDIA's published network modules, made by ``source_text.definitions``.

PyTorch: stylegan2-ada-pytorch (375a436, training/networks.py), stylegan3 (8fb5177 and 583f2bd,
training/networks_stylegan2.py). TensorFlow: stylegan2 (7d3145d, training/networks_stylegan2.py) and
stylegan2-ada (ffa7883, training/networks.py).
"""

PYTORCH = {
    "module": frozenset({"78a47ef38e137f7a", "a0c9288c15ab1cb7"}),
    "normalize_2nd_moment": frozenset({"0cbc40a08cf59322"}),
    "modulated_conv2d": frozenset({"5684728bb80594df"}),
    "FullyConnectedLayer": frozenset({"74fa551ccca0bf55", "a85c43ddfa2d4cc4"}),
    "Conv2dLayer": frozenset({"08f817db24df1947", "dbc0a76e6072a940"}),
    "MappingNetwork": frozenset({"7b97c93beaaf3350", "99a85a76a6f6d1ba"}),
    "SynthesisLayer": frozenset({"2257a4054692bcaf", "3297fe5a832b51dc"}),
    "ToRGBLayer": frozenset({"61a0dfa18ddc1f1c", "5abe9bfd9b3390ce"}),
    "SynthesisBlock": frozenset({"1eb5c2898be21171", "3bc22b1f0d3e30b2"}),
    "SynthesisNetwork": frozenset({"c5454c2d4b7c3ae0", "3a622ae47d56c98b"}),
    "Generator": frozenset({"47f5e1f62b2a0fa2", "8b01366e1e362296"}),
    "DiscriminatorBlock": frozenset({"98b770619118b123", "6149954c2c083111"}),
    "MinibatchStdLayer": frozenset({"0e390f333637c44e", "6144f711d2de0dd6"}),
    "DiscriminatorEpilogue": frozenset({"02d1c53e18177acd", "1ee8bf3bbfd1d4f1"}),
    "Discriminator": frozenset({"b5020ccca2152243", "cc9ed025e991fa98"}),
}
TENSORFLOW = {
    "module": frozenset({"1a8abd053a82426d", "a01db2b9f928900f"}),
    "get_weight": frozenset({"2485ea4f54538ee2", "46984bb079e3630f"}),
    "dense_layer": frozenset({"3c2633d02908d80e", "2645fa2aecf25c9b"}),
    "conv2d_layer": frozenset({"57ab6b01340c2c87", "04ed9538b4ae7804"}),
    "apply_bias_act": frozenset({"42c7cfb91e3dde05", "364d7a5151ad7201"}),
    "naive_upsample_2d": frozenset({"6d8e48dcdb085b4c"}),
    "naive_downsample_2d": frozenset({"6e062bad131690e3"}),
    "modulated_conv2d_layer": frozenset({"e6508e4c2dbbda17", "0f520c50c8fe764c"}),
    "minibatch_stddev_layer": frozenset({"6cd715dfe793c639", "114ddcab6f56eafd"}),
    "G_main": frozenset({"c0076d8036632bae", "acb01ec00c7e2ce7"}),
    "G_mapping": frozenset({"f26c1da31264065e", "932ebe876b8d08be"}),
    "G_synthesis_stylegan2": frozenset({"381f2127a180c542"}),
    "D_stylegan2": frozenset({"881c4f13577fb89d"}),
    "conv2d": frozenset({"2fa978cc3fb1ca2f"}),
    "normalize_2nd_moment": frozenset({"057409b5841f2e43"}),
    "apply_spectral_norm": frozenset({"cd59f9ab509f159a"}),
    "G_synthesis": frozenset({"f256187b13642558"}),
    "D_main": frozenset({"07ccc084aa831779"}),
}
