using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Explanation;

/// <summary>How much a logit depends on one token of the text.</summary>
/// <param name="Norm">The Euclidean norm of the logit's gradient with respect to the token's vector, as it comes out of the embedding.</param>
/// <param name="TimesInput">The product of that gradient with the vector: what the logit would lose without it, were the model linear.</param>
public readonly record struct InputGradient(double Norm, double TimesInput);

/// <summary>
/// How a logit, or the difference of two, depends on each token of the text: its gradient, which the autograd engine computes (Simonyan et al. 2014).
/// </summary>
/// <param name="Token">The token whose logit it is.</param>
/// <param name="Against">The token whose logit is taken away from it; null for none.</param>
/// <param name="Inputs">For each token of the text.</param>
public sealed record GradientView(int Token, int? Against, IReadOnlyList<InputGradient> Inputs)
{
    /// <summary>Computes the gradient.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">The text.</param>
    /// <param name="token">A token that may follow it.</param>
    /// <param name="against">Another one, whose logit is taken away; null for none.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ArgumentException">
    /// The text has no token, or more than the context, or an id is outside of the vocabulary; or the model is a recurrent network.
    /// </exception>
    /// <exception cref="InvalidOperationException">The model's matrices are laid out to be read.</exception>
    public static GradientView Of<T>(
        Decoder<T> model, ReadOnlySpan<int> ids, int token, int? against = null, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NextTokenPass<T>.Check(model, ids);
        model.RequireId(token);
        model.RequireId(against ?? token);
        Decoder<T> constant = (Decoder<T>)model.WithoutGradients();
        using Tape<T> tape = new() { Cancellation = cancellationToken };
        TokenVectors<T> vectors = new(tape);
        ForwardPass<T> pass = new(tape) { Observer = vectors, LastOnly = true };
        Variable<T> logits = constant.Project(constant.Hidden(tape.Copy(ids, [1, ids.Length]), pass)); // (1, 1, V)
        Tensor<T> upstream = new(logits.Shape);
        upstream.Span[token] += T.One;
        if (against is int other)
            upstream.Span[other] -= T.One;
        tape.Backward(logits, upstream);

        Variable<T> leaf = vectors.Leaf!;
        return new GradientView(token, against, [.. Enumerable.Range(0, ids.Length).Select(position =>
        {
            double[] gradient = RowReading.Of(leaf.Gradient, position);
            return new InputGradient(TensorPrimitives.Norm<double>(gradient), TensorPrimitives.Dot<double>(gradient, RowReading.Of(leaf.Value, position)));
        })]);
    }

    /// <summary>Makes the tokens' vectors a leaf, whose gradient is wanted.</summary>
    private sealed class TokenVectors<T>(Tape<T> tape) : IForwardObserver<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T>? Leaf { get; private set; }

        public Variable<T> See(ForwardStage stage, int layer, Variable<T> value) =>
            stage == ForwardStage.Tokens ? Leaf = tape.Leaf(value.Value) : value;
    }
}
