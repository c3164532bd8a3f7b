using System.Text.Json.Serialization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Explanation;

/// <summary>A model's sizes and choices, as a page names them. Of a translator they are its decoder's.</summary>
/// <param name="VocabularySize">V.</param>
/// <param name="Context">T.</param>
/// <param name="Layers">How many blocks.</param>
/// <param name="Heads">H.</param>
/// <param name="KeyHeads">G: heads of keys and values.</param>
/// <param name="Width">C.</param>
/// <param name="HeadSize">D.</param>
/// <param name="FeedForwardWidth">F.</param>
/// <param name="Positions">How positions are told apart.</param>
/// <param name="NormsFirst">Whether the norms stand before the branches of a block, instead of after the sums.</param>
/// <param name="Segments">How many kinds of text there are vectors for.</param>
/// <param name="SourceLayers">How many blocks the encoder of a translator has; 0 of other models.</param>
/// <param name="SourceHeads">How many heads each of them has.</param>
/// <param name="SourceVocabularySize">How many tokens a translator reads; 0 of other models.</param>
/// <param name="ParameterCount">How many numbers training can change.</param>
public sealed record SizesView(
    int VocabularySize, int Context, int Layers, int Heads, int KeyHeads, int Width, int HeadSize, int FeedForwardWidth,
    PositionKind Positions, bool NormsFirst, int Segments, int SourceLayers, int SourceHeads, int SourceVocabularySize, long ParameterCount)
{
    internal static SizesView Of(TransformerConfig config)
    {
        TransformerConfig? source = config.Source is null ? null : config.ToSource();
        return new SizesView(
            config.VocabularySize, config.Context, config.Layers, config.Attention.Heads, config.Attention.KeyHeads, config.Width,
            config.HeadSize, config.FeedForwardWidth, config.Positions.Kind, config.Norm.Place == NormPlace.Before, config.Segments, source?.Layers ?? 0, source?.Attention.Heads ?? 0, source?.VocabularySize ?? 0,
            new ModelShape(config).TrainedCount);
    }
}

/// <summary>A model and its sizes.</summary>
/// <param name="Name">Its folder's name.</param>
/// <param name="Kind">What it does with a text.</param>
/// <param name="Config">Its sizes and choices.</param>
public sealed record ModelView(string Name, [property: JsonConverter(typeof(NameConverter<ModelKind>))] ModelKind Kind, SizesView Config);
