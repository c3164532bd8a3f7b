using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Optimization;

public class AdamWTests
{
    private static readonly AdamWOptions s_options = new(Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, WeightDecay: 0.1);

    [Fact]
    public void The_norm_is_that_of_all_gradients_together_and_missing_ones_are_zero()
    {
        Decoder<double> gpt = Model();
        _ = new AdamW<double>(gpt.Parameters, s_options);
        Assert.Equal(0, gpt.Parameters.GradientNorm());
        gpt.Parameters.ClearGradients();
        gpt.Head.Variable.GradientTarget(out _).Span.Fill(2);
        gpt.Stack.FinalNorm!.Bias!.Variable.GradientTarget(out _).Span.Fill(-1);
        Assert.Equal(Math.Sqrt(4 * gpt.Head.Shape.Count + 4), gpt.Parameters.GradientNorm(), 1e-12);
    }

    // Without clipping the first moment is (1 − beta1) · gradient.
    [Theory]
    [InlineData(0.5, 0.5)]
    [InlineData(4, 1)]
    [InlineData(0, 1)]
    public void Clipping_shrinks_gradients_and_never_makes_them_larger(double clipNorm, double factor)
    {
        Decoder<double> gpt = Model();
        var optimizer = new AdamW<double>(gpt.Parameters, s_options);
        gpt.Stack.FinalNorm!.Bias!.Variable.GradientTarget(out _).Span.Fill(0.5); // four of them: the norm is 1
        double norm = gpt.Parameters.GradientNorm();
        Assert.Equal(1, norm, 1e-12);
        optimizer.Update(0.1, Optimizer<double>.ClipScale(norm, clipNorm));
        Assert.Equal(1, optimizer.Step);
        Tensor<double> mean = Assert.Single(optimizer.State[0].Parts, part => part.Parameter == gpt.Stack.FinalNorm!.Bias).Values;
        Assert.All(mean.Span.ToArray(), m => Assert.Equal(0.1 * 0.5 * factor, m, 1e-6));
    }

    [Fact]
    public void Matrices_decay_vectors_do_not_and_what_is_not_trained_stays()
    {
        Decoder<double> gpt = Model();
        var optimizer = new AdamW<double>(gpt.Parameters, s_options);
        double[][] before = [.. gpt.Parameters.All.Select(parameter => parameter.Value.Span.ToArray())];
        optimizer.Update(0.1, Optimizer<double>.ClipScale(gpt.Parameters.GradientNorm(), 1));
        Assert.Contains(gpt.Parameters.All, parameter => !parameter.IsTrained);
        for (int i = 0; i < before.Length; i++)
        {
            Parameter<double> parameter = gpt.Parameters.All[i];
            double kept = parameter.IsTrained && parameter.Shape.Rank == 2 ? 1 - 0.1 * 0.1 : 1;
            Assert.All(before[i].Zip(parameter.Value.Span.ToArray()), pair => Assert.Equal(kept * pair.First, pair.Second, 1e-15));
        }
    }

    private static Decoder<double> Model()
    {
        var gpt = new Decoder<double>(Gpt2.Config(5, 3, 1, 2, 4) with { Positions = new() { Kind = PositionKind.Sinusoidal } });
        gpt.Initialize(1);
        return gpt;
    }
}
