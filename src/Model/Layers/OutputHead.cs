using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>
/// From the last hidden state to a logit for each token: a projection, by default with the token embedding once more (Press and Wolf 2017);
/// before it, where the model has them, a linear map with an activation and a norm (Devlin et al. 2019).
/// </summary>
public sealed class OutputHead<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Activation _activation;
    private readonly bool _isThere;

    /// <summary>Adds what the head has of its own to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="tokens">The token embedding.</param>
    public OutputHead(ParameterSet<T> parameters, TransformerConfig config, Embedding<T> tokens)
    {
        (_activation, _isThere) = (config.FeedForward.Activation, config.Head != HeadKind.None);
        Initialization normal = Initialization.Normal(config.InitializerRange);
        if (config.TransformsHead)
        {
            Transform = new Linear<T>(parameters, "head.transform", config.Width, config.Width, normal);
            Norm = new Norm<T>(parameters, "head.norm", config.Width, config.Norm);
        }
        Weight = config.Head == HeadKind.Own
            ? parameters.Add("head.weight", [config.VocabularySize, config.Width], normal, ParameterRole.Head)
            : tokens.Table;
        if (config.HeadBias != HeadBias.None)
        {
            Bias = parameters.Add("head.bias", [config.VocabularySize], Initialization.Zeros, ParameterRole.Vector);
            Bias.IsTrained = config.HeadBias == HeadBias.Trained;
        }
    }

    /// <summary>C to C, with an activation on top; null where there is none.</summary>
    public Linear<T>? Transform { get; }

    /// <summary>The norm after it; null where there is none.</summary>
    public Norm<T>? Norm { get; }

    /// <summary>[V, C]: the projection, by default the token embedding itself, as also where there is no head.</summary>
    public Parameter<T> Weight { get; }

    /// <summary>[V]: what is added to the logits; null for nothing.</summary>
    public Parameter<T>? Bias { get; }

    /// <summary>[..., C] to logits [..., V].</summary>
    /// <exception cref="ArgumentException">The model has no head.</exception>
    public Variable<T> Forward(Variable<T> hidden) => Transformed(hidden).Linear(Weight, Bias);

    /// <summary>The mean cross-entropy, in nats, of predicting targets from hidden states.</summary>
    /// <param name="hidden">[..., C].</param>
    /// <param name="targets">As many ids; −100 where nothing is to be predicted.</param>
    /// <param name="smoothing">The share of each target that is spread over all tokens (Szegedy et al. 2016), in [0, 1).</param>
    /// <returns>A single number.</returns>
    /// <exception cref="ArgumentException">The model has no head.</exception>
    public Variable<T> Loss(Variable<T> hidden, Tensor<int> targets, double smoothing = 0) =>
        Transformed(hidden).ProjectedCrossEntropy(Weight.Variable, targets, bias: Bias?.Variable, smoothing: smoothing);

    private Variable<T> Transformed(Variable<T> hidden)
    {
        Require.That(_isThere, $"the model has no head that says words: it can be asked for vectors of texts alone (minigpt embed)");
        return Transform is null || Norm is null ? hidden : Norm.Forward(Transform.Forward(hidden, _activation));
    }
}
