"""The bundled API: three modules over one kernel, composed by `main`."""
