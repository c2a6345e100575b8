# Homebrew formula of RetouchML @VERSION@. See docs/packages.md for what was not tried.
class Retouchml < Formula
  include Language::Python::Virtualenv

  desc "Face retouching for GIMP, Krita and the command-line"
  homepage "@HOME@"
  url "@HOME@/releases/download/v@VERSION@/@LIGHT@", using: :nounzip
  sha256 "@LIGHT_SHA256@"
  license all_of: ["MIT", "CC-BY-NC-4.0"]

  depends_on "python@3.12"

  resource "engine" do
    url "@HOME@/releases/download/v@VERSION@/@ENGINE@", using: :nounzip
    sha256 "@ENGINE_SHA256@"
  end

  def install
    system "python3.12", "-m", "venv", libexec
    wheels = libexec/"wheels"
    wheels.install cached_download => "@LIGHT@"
    resource("engine").stage { wheels.install "@ENGINE@" }
    system libexec/"bin/python", "-m", "pip", "install", wheels/"@LIGHT@"
    bin.install_symlink libexec/"bin/retouchml"
  end

  def caveats
    "Run `retouchml setup` once: it says how much it will fetch."
  end

  test do
    assert_match "@VERSION@", shell_output("#{bin}/retouchml --version")
  end
end
