"""The way to the national network (情報提供ネットワークシステム): what is sent, what is fetched, and one adapter."""
