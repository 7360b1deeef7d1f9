"""Kernels inside kernels: code that is joined and made into machine code once, where Python calls it.

Numba gives each function that a compiled one calls two doors for Python, passes of optimisation over it and over all
that it calls, and machine code of its own, whether Python ever calls it or not. For a search these are three hundred
functions in chains ten deep. A ``Kernel`` that only kernels call is a ``Part``: code of LLVM, simplified function by
function. The kernel that Python calls joins the parts it is made of, optimises them together and has machine code.
Should Python call a part later, it is compiled with doors of its own.

A kernel that stands ``apart`` is never joined: its callers find its machine code by name. So what is called once per
block of decays by several loops is optimised once. A caller remembers which such code it needs (``needs_of``) and
is loaded from the disk only together with that very code.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from numba.core import compiler, dispatcher, sigutils, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.environment import lookup_environment
from numba.core.registry import CPUDispatcher
from numba.core.targetconfig import ConfigStack

from hnlpeak.core.answers import remember_answers

__all__ = ["Kernel", "Need", "Part", "are_met", "needs_of", "remember_needs"]

_ENVIRONMENT = "_ZN08NumbaEnv"
_FunctionCompiler: Any = dispatcher._FunctionCompiler  # type: ignore[attr-defined]
remember_answers(CPUDispatcher.targetdescr.typing_context)


class Need(NamedTuple):
    """Machine code that a kernel calls by name: of which kernel, for which types, under which symbol."""

    module: str
    name: str
    signature: tuple[Any, ...]
    symbol: str


_apart: WeakKeyDictionary[Any, Need] = WeakKeyDictionary()
_needs: WeakKeyDictionary[Any, tuple[Need, ...]] = WeakKeyDictionary()


def needs_of(library: Any) -> tuple[Need, ...]:
    """Code that stands apart and that ``library`` calls."""
    return _needs.get(library, ())


def remember_needs(library: Any, needs: tuple[Need, ...]) -> None:
    """Keep what a library that comes from the disk calls: who takes it in needs the same."""
    _needs[library] = needs


def are_met(needs: tuple[Need, ...]) -> bool:
    """True where all ``needs`` are in this process, or on the disk, from where they are loaded."""
    for need in needs:
        made = getattr(import_module(need.module), need.name, None)
        if not isinstance(made, Kernel) or made.symbol(need.signature) != need.symbol:
            return False
    return True


class _KernelFlags(compiler.Flags):
    """What numba is asked for a kernel; its type tells who asks for another kernel while this one is compiled.

    Compared as they were set: numba's own way lists all options, at each look for a function.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _KernelFlags) and self._values == other._values

    def __hash__(self) -> int:
        return hash(_KernelFlags)


def _asked_by_kernel() -> bool:
    """True where this thread is compiling a kernel and has met a call of another."""
    return isinstance(ConfigStack.top_or_none(), _KernelFlags)


class _Whole(JITCodeLibrary):
    """A kernel with machine code, with the parts that it and its parts call."""

    def add_linking_library(self, library: Any) -> None:
        """Take ``library`` in, and the parts that it calls."""
        if library in self._linking_libraries:
            return
        new = (_apart[library],) if library in _apart else needs_of(library)
        _needs[self] = tuple(dict.fromkeys((*needs_of(self), *new)))
        if library in _apart:
            return
        super().add_linking_library(library)
        if isinstance(library, Part):
            for inner in library._linking_libraries:
                self.add_linking_library(inner)

    def finalize(self) -> None:
        """Join what was taken in and make machine code.

        Callers come first: the linker leaves out a function that nothing it has seen calls yet.
        """
        self._linking_libraries = _callers_first(self._linking_libraries)
        super().finalize()

    def know_environments(self) -> None:
        """Tell the machine code where its parts keep what they need of Python (texts of errors)."""
        for variable in self._final_module.global_variables:
            name = variable.name
            known = lookup_environment(name) if name.startswith(_ENVIRONMENT) else None
            if known is not None:
                self.codegen.set_env(name, known)


class Part(JITCodeLibrary):
    """A kernel for other kernels: never machine code by itself."""

    def finalize(self) -> None:
        """Leave the code as it is: it is optimised where it is used."""
        self._raise_if_finalized()
        self._finalize_dynamic_globals()
        self._finalized = True


def _callers_first(libraries: list[Any]) -> list[Any]:
    """``libraries`` in an order in which each stands behind all parts that call it."""
    ordered: dict[Any, None] = {}
    begun = set()

    def visit(library: Any) -> None:
        if library in begun:
            return
        begun.add(library)
        for inner in library._linking_libraries if isinstance(library, Part) else ():
            if inner in taken:
                visit(inner)
        ordered[library] = None

    taken = set(libraries)
    for library in libraries:
        visit(library)
    return list(reversed(ordered))


@contextmanager
def _no_collection() -> Iterator[None]:
    """The compiler makes millions of objects that stay: searching them for garbage costs a tenth of its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Compiler(_FunctionCompiler):
    """Numba's compiler of one function, with a library of ours."""

    apart = disjoint = False

    def _compile_core(self, args: Any, return_type: Any) -> Any:
        flags: Any = _KernelFlags()
        self.targetdescr.options.parse_as_flags(flags, self.targetoptions)
        context = self.targetdescr.target_context
        flags.noalias = self.disjoint
        flags.nrt = not self.disjoint
        part = _asked_by_kernel() and not self.apart
        if part:
            flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        library: Any = (Part if part else _Whole)(context.codegen(), self.py_func.__qualname__)
        library.enable_object_caching()
        made = compiler.compile_extra(
            self.targetdescr.typing_context,
            context,
            self.py_func,
            args=args,
            return_type=return_type,
            flags=flags,
            locals=self.locals,
            library=library,
            pipeline_class=self.pipeline_class,
        )
        if part:
            context.insert_user_function(library, made.fndesc, [library])
            return made._replace(entry_point=library)  # a key like any other
        library.know_environments()
        return made


class Kernel(CPUDispatcher):
    """A function that is compiled for the types it is called with, by Python or by another kernel."""

    apart = False

    def __init__(self, py_func: Callable[..., object], locals: Any = None, targetoptions: Any = None) -> None:
        super().__init__(py_func, locals, targetoptions)
        self._compiler = _Compiler(
            py_func, self.targetdescr, self.targetoptions, self.locals, compiler.Compiler
        )

    def stand_apart(self) -> None:
        """Have machine code of one's own whoever calls."""
        self.apart = self._compiler.apart = True

    def take_disjoint(self) -> None:
        """Believe that arrays that are handed in do not overlap, and that none is made: nothing counts references."""
        self._compiler.disjoint = True

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """What a kernel that calls this one needs; a literal number is a number, and not a compilation of its own."""
        plain = tuple(types.unliteral(kind) for kind in args)
        return super().get_call_template(plain, {name: types.unliteral(kind) for name, kind in kws.items()})

    def symbol(self, signature: tuple[Any, ...]) -> str | None:
        """Name of the machine code for ``signature`` in this process, after a look at the disk; None without."""
        own: Any = self  # parts of numba without types
        with global_compiler_lock:
            there: Any = self.overloads.get(signature)
            if there is None:
                there = own._cache.load_overload(signature, self.targetctx)
                if there is not None:
                    own._cache_hits[signature] += 1
                    self.targetctx.insert_user_function(there.entry_point, there.fndesc, [there.library])
                    self.add_overload(there)
        return None if there is None or isinstance(there.library, Part) else str(there.fndesc.mangled_name)

    def compile(self, sig: Any) -> Any:
        """Compile for ``sig``: for the kernel that is being compiled, a part; else machine code with doors."""
        key = tuple(sigutils.normalize_signature(sig)[0])
        with global_compiler_lock, _no_collection():
            there: Any = self.overloads.get(key)
            if there is not None and isinstance(there.library, Part) and not _asked_by_kernel():
                del self.overloads[key]
            return super().compile(sig)

    def add_overload(self, cres: Any) -> None:
        """Keep what was compiled; what has no door is not shown to Python."""
        if isinstance(cres.library, Part):
            self.overloads[tuple(cres.signature.args)] = cres
            return
        super().add_overload(cres)
        if self.apart:
            key = tuple(cres.signature.args)
            _apart[cres.library] = Need(
                self.py_func.__module__, self.py_func.__qualname__, key, cres.fndesc.mangled_name
            )
