#!/bin/sh
# Retouches every picture in a folder and keeps a report beside the results.
#
#     examples/beautify_folder.sh PHOTOS RETOUCHED --strength 0.4 --edit smile=0.2
#
# What comes after the two folders goes to `retouchml beautify`. Run it again, and only the new pictures are retouched.
# The exit code is 1 if a picture failed.
set -u

if [ $# -lt 2 ]; then
    echo "usage: $0 PHOTOS RETOUCHED [options of retouchml beautify]" >&2
    exit 2
fi
retouchml="$(dirname "$0")/../.venv/bin/retouchml"
photos=$1
retouched=$2
shift 2
mkdir -p "$retouched" || exit 1

failed=0
for photo in "$photos"/*; do
    name=$(basename "$photo")
    case $name in
        *.png | *.tif | *.tiff | *.jpg | *.jpeg | *.webp | *.PNG | *.TIF | *.TIFF | *.JPG | *.JPEG | *.WEBP) ;;
        *) continue ;;
    esac
    result=$retouched/$name
    if [ -e "$result" ]; then
        continue
    fi
    "$retouchml" beautify "$photo" -o "$result" --json "$result.json" --force "$@"
    code=$?
    case $code in
        0 | 3) ;; # 3: no face was found, and the picture is copied as it is
        1) failed=1 ;;
        *) exit "$code" ;; # a wrong option, or Ctrl-C
    esac
done
exit "$failed"
