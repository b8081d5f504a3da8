"""What tests of runs, commands and chapters' code share."""

import pytest


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """Use an empty store, the profile smoke and the embedded digits, whatever this machine has."""
    monkeypatch.setenv("UNROLLED_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("UNROLLED_PROFILE", "smoke")
    monkeypatch.setenv("UNROLLED_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("UNROLLED_DATA", raising=False)


@pytest.fixture
def card(monkeypatch):
    """A GPU of our own making, "cuda" or "cuda:0", which computes on the CPU.

    The library under test is told what PyTorch would tell it, and every tensor is either on the
    card or off it: to mix them, or to read one of the card as an array, fails as it would there.
    `products` counts matrix products on the card and off it.
    """
    import torch
    from torch.multiprocessing.reductions import StorageWeakRef
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_iter

    here, host = torch.device("cuda", 0), torch.device("cpu")
    ours = {}  # address of a memory on the card -> what keeps the address from being used again

    def on_card(tensor):
        return tensor.untyped_storage()._cdata in ours

    def bring(tensor):
        storage = tensor.untyped_storage()
        ours[storage._cdata] = StorageWeakRef(storage)
        return tensor

    def tensors(tree):
        return [leaf for leaf in tree_iter(tree) if isinstance(leaf, torch.Tensor)]

    def target(values):
        """Return the device among the arguments of a call, if there is one."""
        for value in values:
            if isinstance(value, torch.device) or value in ("cpu", "cuda", "cuda:0"):
                return torch.device(value)
        return None

    class Products(TorchDispatchMode):
        """Every elementary operation, those of the backward pass too."""

        moving = False

        def __init__(self):
            super().__init__()
            self.products = {"card": 0, "host": 0}

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            name, out = func.overloadpacket.__name__, func(*args, **(kwargs or {}))
            given = tensors((args[:1] if name in FREE else args, kwargs))
            there = [on_card(tensor) for tensor in given]
            if name in ("mm", "addmm", "bmm", "baddbmm"):
                self.products["card" if any(there) else "host"] += 1
            if self.moving or not any(there):
                return out
            if any(t.dim() for t, is_there in zip(given, there, strict=True) if not is_there):
                raise RuntimeError(f"{name}: expected all tensors to be on the same device")
            for tensor in tensors(out[0] if name == "_pack_padded_sequence" else out):
                bring(tensor)
            return out

    # Their further arguments are indices or lengths, which may, or must, stay on the CPU.
    FREE = ("index", "_pack_padded_sequence", "_pad_packed_sequence", "copy_")
    operations = Products()

    class Calls(TorchFunctionMode):
        """What Python asks of a tensor, and where it wants one."""

        def __torch_function__(self, func, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            name = getattr(func, "__name__", "")
            if func == torch.Tensor.device.__get__:
                return here if on_card(args[0]) else func(*args)
            if func == torch.Tensor.is_cuda.__get__:
                return on_card(args[0])
            if name in ("numpy", "__array__") and on_card(args[0]) and not kwargs.get("force"):
                raise TypeError("can't convert cuda:0 device type tensor to numpy")
            if name in ("to", "cpu", "cuda"):
                return self.move(name, func, args, kwargs)
            wanted = target(kwargs.values())
            if wanted is None:
                out = func(*args, **kwargs)
                if name == "_pad_packed_sequence" and on_card(args[0]):
                    bring(out[0])  # made out of nothing, by a call that only C++ sees
                return out
            out = func(*args, **kwargs | {"device": host})
            return bring(out) if wanted.type == "cuda" else out

        def move(self, name, func, args, kwargs):
            given = torch.device(name) if name != "to" else target([*args[1:], *kwargs.values()])
            changed = [host if isinstance(v, torch.device) or v in NAMES else v for v in args[1:]]
            kwargs = {k: host if k == "device" else v for k, v in kwargs.items()}
            out = args[0] if name != "to" else func(args[0], *changed, **kwargs)
            there = on_card(args[0]) if given is None else given.type == "cuda"
            if there == on_card(args[0]):
                return bring(out) if there else out
            operations.moving = True
            try:
                out = out.clone()
            finally:
                operations.moving = False
            return bring(out) if there else out

    NAMES = ("cpu", "cuda", "cuda:0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "A card of our own")
    monkeypatch.setattr(torch.backends.cudnn, "is_acceptable", lambda _: False)
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: False)
    with operations, Calls():
        yield operations
