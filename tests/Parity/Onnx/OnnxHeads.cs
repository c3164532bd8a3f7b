using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>ONNX gives heads side by side, [B, T, H · D], or apart, [B, H, T, D].</summary>
internal static class OnnxHeads
{
    public static Variable<float> Split(Variable<float> x, int heads) => x.Shape.Rank == 4
        ? x : x.Reshape([x.Shape[0], x.Shape[1], heads, x.Shape[2] / heads]).Transpose(1, 2);

    public static Variable<float> Join(Variable<float> x) =>
        x.Transpose(1, 2).Reshape([x.Shape[0], x.Shape[2], x.Shape[1] * x.Shape[3]]);
}
