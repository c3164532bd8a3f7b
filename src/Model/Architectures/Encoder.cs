using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// An encoder (Devlin et al. 2019): every token sees all others of its text, before it and behind it. Its hidden states say what a token
/// means in its text; its head says which token a masked one is.
/// </summary>
/// <typeparam name="T">The precision: <see cref="float"/> to train and to read, <see cref="double"/> to check.</typeparam>
public sealed class Encoder<T> : LanguageModel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Builds the model. Its parameters get memory when the first of them is asked for, and are zero until
    /// <see cref="LanguageModel{T}.Initialize"/>, or until a file fills them.
    /// </summary>
    /// <exception cref="ArgumentException">No model can have this configuration, or its attention does not see forward.</exception>
    public Encoder(TransformerConfig config)
        : base(config) => Require.That(config.Kind == ModelKind.Encoder, $"an encoder sees in both directions, the configuration says otherwise");

    /// <summary>Ids to the last hidden state.</summary>
    /// <param name="ids">[B, T]; on the tape.</param>
    /// <param name="pass">What kind of pass this is, and which positions are padding.</param>
    /// <param name="segments">[B, T]: the kind of text of each token; empty for the first kind everywhere.</param>
    /// <returns>[B, T, C].</returns>
    /// <exception cref="ArgumentException">T is over the context, or an id or a segment outside of its table.</exception>
    public Variable<T> Hidden(Tensor<int> ids, in ForwardPass<T> pass, Tensor<int> segments = default) =>
        Stack.Forward(Input.Forward(ids, pass, segments), pass);

    /// <summary>Ids to logits, each token's about itself.</summary>
    /// <inheritdoc cref="Hidden"/>
    /// <returns>[B, T, V].</returns>
    public Variable<T> Logits(Tensor<int> ids, in ForwardPass<T> pass, Tensor<int> segments = default) =>
        pass.Show(ForwardStage.Logits, -1, Project(Hidden(ids, pass, segments)));

    /// <summary>The mean cross-entropy, in nats, of saying which tokens were masked.</summary>
    /// <param name="ids">[B, T], some of them masked.</param>
    /// <param name="targets">[B, T]: what stood there; −100 where nothing is to be predicted.</param>
    /// <param name="pass">What kind of pass this is, and which positions are padding.</param>
    /// <param name="segments">[B, T]: the kind of text of each token; empty for the first kind everywhere.</param>
    /// <returns>A single number; zero where there is no target.</returns>
    /// <exception cref="ArgumentException">T is over the context, or an id, target or segment outside of its table.</exception>
    public Variable<T> Loss(Tensor<int> ids, Tensor<int> targets, in ForwardPass<T> pass, Tensor<int> segments = default) =>
        Output.Loss(Hidden(ids, pass, segments), targets);

    /// <summary>
    /// The same model to read from: its matrices are copied and laid out to be multiplied, tables and vectors are read where they lie.
    /// </summary>
    public Encoder<T> ForReading() => (Encoder<T>)Reading();
}
