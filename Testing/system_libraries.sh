#!/bin/sh
# Sees to the shared libraries of Linux that the tests of rendering and of the panel need and pip cannot bring: VTK draws
# without a screen through EGL, and loads X11 even then; Qt loads fonts and keyboards besides. Debian and Ubuntu as
# root: installs what is missing. Elsewhere: says so.

[ "$(uname -s)" = Linux ] || exit 0

loadable() { # true if one of these libraries can be loaded
  for library in "$@"; do
    PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q "$library " && return 0
  done
  return 1
}

missing=""
loadable libX11.so.6 || missing="$missing libx11-6"
loadable libEGL.so.1 || missing="$missing libegl1"
loadable libEGL_mesa.so.0 libEGL_nvidia.so.0 || missing="$missing libegl-mesa0"
loadable libGL.so.1 || missing="$missing libgl1"
loadable libglib-2.0.so.0 || missing="$missing libglib2.0-0"
loadable libfontconfig.so.1 || missing="$missing libfontconfig1"
loadable libxkbcommon.so.0 || missing="$missing libxkbcommon0"
loadable libdbus-1.so.3 || missing="$missing libdbus-1-3"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing system libraries:$missing"
  # shellcheck disable=SC2086 - one word a package
  apt-get update && apt-get install --yes --no-install-recommends $missing && exit 0
fi
echo "Tests of rendering and of the panel need system libraries that are missing; install, as Debian names them:$missing" >&2
